//go:build !unix && !windows

package watch

// lock does nothing where there are no locks.
func lock(string) (unlock func() error, err error) { return func() error { return nil }, nil }
