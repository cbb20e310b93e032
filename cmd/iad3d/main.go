// Command iad3d finds what is abnormal in 3-D scans of parts. Run it without
// arguments for its commands.
package main

import (
	"context"
	"os"

	"github.com/iad3d/iad3d/cmd/iad3d/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
