package ortlib

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// fromFile takes a file of the user's: a library or an archive with one. It is
// copied first, so that what is hashed is what is used.
func (i *installer) fromFile(path, want, work string) (fetched, error) {
	f, err := os.Open(path)
	if err != nil {
		return fetched{}, failed(path, "%w", bare(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return fetched{}, failed(path, "%w", errNotRegular)
	}
	return i.own(f, path, want, work)
}

// own reads the user's file from r; name is for messages.
func (i *installer) own(r io.Reader, name, want, work string) (fetched, error) {
	got := fetched{path: filepath.Join(work, "given")}
	limited := &io.LimitedReader{R: r, N: maxLibrary + 1}
	h := sha256.New()
	if err := writeNew(got.path, io.TeeReader(limited, h)); err != nil {
		return got, failed(name, "%w", err)
	}
	if limited.N == 0 {
		return got, failed(name, "it has more than %d bytes: it is no library", int64(maxLibrary))
	}
	if sum := hex.EncodeToString(h.Sum(nil)); want != "" && sum != want {
		return got, failed(name, "its SHA-256 is %s, not %s: it is not the file you expect", sum, want)
	}
	head := make([]byte, 4)
	f, err := os.Open(got.path)
	if err != nil {
		return got, err
	}
	io.ReadFull(f, head) // of a shorter file, zeros
	f.Close()
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		member, err := i.member(got.path)
		if err == nil {
			archive := got.path
			got.path = filepath.Join(work, "library")
			err = extract(archive, member, got.path)
		}
		if err != nil {
			return got, failed(name, "%w", err)
		}
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return got, failed(name, "it is a ZIP archive: unpack it and give the library in it")
	}
	got.sha256, got.size, err = hashAndSize(got.path)
	return got, err
}

// fromURL downloads the user's file. Without a hash to compare with, only an
// encrypted connection will do.
func (i *installer) fromURL(ctx context.Context, o *InstallOptions, work string) (fetched, error) {
	address, want := o.URL, o.SHA256
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fetched{}, fmt.Errorf("%w: URL %q: want https://…", ErrOptions, address)
	}
	// Neither messages nor the record repeat what may be a password or token.
	name := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	plain := func(u *url.URL) error {
		if u.Scheme != "https" && want == "" {
			return errors.New("the connection is not encrypted: give the file's --sha256")
		}
		return nil
	}
	if err := plain(u); err != nil {
		return fetched{}, fmt.Errorf("%w: URL %s: %w", ErrOptions, name, err)
	}
	o.Fetching(name)
	client := &http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return errors.New("too many redirections")
		}
		return plain(r.URL)
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fetched{}, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	response, err := client.Do(request)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return fetched{}, failed(name, "it cannot be downloaded: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fetched{}, failed(name, "the server answers %s", response.Status)
	}
	got, err := i.own(response.Body, name, want, work)
	got.source = name
	return got, err
}

func hashAndSize(path string) (sum string, size int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	sum, err = HashFile(path)
	return sum, info.Size(), err
}

// bare drops the path that the os package adds.
func bare(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
