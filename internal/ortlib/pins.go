package ortlib

// Via is a client that downloads packages in which the library comes.
type Via string

// The clients.
const (
	ViaGo  Via = "go"  // go mod download
	ViaNPM Via = "npm" // npm pack, which runs none of a package's scripts
)

// pin is a library in a package, known by its hash.
type pin struct {
	file    string // in the package, with slashes
	size    int64
	sha256  string
	version string // of ONNX Runtime
}

// source is a package of a client and, for each system and processor as GOOS and
// GOARCH name them, the library in it.
type source struct {
	via  Via
	spec string // as the client wants it
	pins map[string]pin
}

func (s source) String() string {
	if s.via == ViaGo {
		return "Go module " + s.spec
	}
	return "npm package " + s.spec
}

// sources returns the packages, the one to be preferred first. The hashes were
// made from the packages themselves; of a version of a package there is one
// content for ever.
func sources() []source {
	const (
		goVersion  = "1.28.2"
		npmVersion = "1.24.1"
	)
	return []source{
		{ViaGo, "github.com/k2-fsa/sherpa-onnx-go-linux@v1.13.8", map[string]pin{
			"linux/amd64": {"lib/x86_64-unknown-linux-gnu/libonnxruntime.so", 27026609, "4b3607aebd1784b26b6f9b20e4bd974c7ab8287043e4d095cb7d2cb40b5e566e", goVersion},
			"linux/arm64": {"lib/aarch64-unknown-linux-gnu/libonnxruntime.so", 34606912, "cfc800d4438f15e8d9017521326776ca7117d8783cb847ccccc2fc61ac4d540f", goVersion},
		}},
		{ViaNPM, "onnxruntime-node@1.24.1", map[string]pin{
			"linux/amd64":   {"package/bin/napi-v6/linux/x64/libonnxruntime.so.1", 35057880, "53ef1ac028dd1b05554b8da28d9159eb3876f99868193d2aaa6e67f0243c23d4", npmVersion},
			"linux/arm64":   {"package/bin/napi-v6/linux/arm64/libonnxruntime.so.1", 18559840, "7954e8bdedb497f830c6a679e818d98399b7f4d81ade1126c3e0be74d28111ab", npmVersion},
			"darwin/arm64":  {"package/bin/napi-v6/darwin/arm64/libonnxruntime.1.24.1.dylib", 35880440, "7ad6507ad64d3b02aebfae6380c024ff188939cd8a7a493ec18028e034c8275c", npmVersion},
			"windows/amd64": {"package/bin/napi-v6/win32/x64/onnxruntime.dll", 23781408, "be46630a10f6ed3897fd9d1ec83f6e2577e34851fb1024d685884ed40faed3a7", npmVersion},
			"windows/arm64": {"package/bin/napi-v6/win32/arm64/onnxruntime.dll", 24352328, "5588ade6e81e7cb46ec45546ac36a61449b7135d177ca22ca808eee6910e5e3a", npmVersion},
		}},
	}
}
