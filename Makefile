# What a change must pass is .ci/run; here is what takes longer. Everything needs only Go.

# Time per fuzz target; one after the other, all together some hours:
# make fuzz FUZZTIME=10m PACKAGES=./io/ply
FUZZTIME ?= 5m
PACKAGES ?= .
# Scans of the long fit.
SCANS ?= 1000

.PHONY: check check-long fuzz

check:
	bash .ci/run

# Tests of minutes: commands killed 100 times each, 64 goroutines × 1,000 scores under
# the race detector, 20,000 scores in one process, thresholds of 1,500 fits, ten million points.
check-long:
	IAD3D_LONG=1 go test -count 1 -timeout 60m -v -run 'TestKilled|TestSignals' ./cmd/iad3d/internal/cli
	IAD3D_LONG=1 go test -count 1 -timeout 60m -v -run 'TestSoak' .
	IAD3D_LONG=1 go test -count 1 -timeout 60m -v -run 'TestPromiseOnTheLine' .
	IAD3D_LONG=1 go test -count 1 -timeout 60m -v -run 'TestTenMillionPoints' .
	IAD3D_LONG=1 IAD3D_SCANS=$(SCANS) go test -count 1 -timeout 60m -v -run 'TestThousandScans' .
	if command -v gcc >/dev/null; then IAD3D_LONG=1 CGO_ENABLED=1 go test -race -count 1 -timeout 60m -v -run 'TestConcurrency|TestDeterminism' .; fi

# What is found lies in the package's testdata/fuzz: a seed of every later run.
fuzz:
	bash .ci/fuzz $(FUZZTIME) $(PACKAGES)
