package state

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// maxFile bounds what is read of a file at once, in bytes, far above what a network of any size has in one: whatever
// else has come to stand under the name shall not fill the memory.
const maxFile = 256 << 20

var errIrregular = errors.New("not a regular file")

// openFile opens a file of the directory. Only a regular one will do: a named pipe would wait for its other end, before
// the first query is answered.
func openFile(root *os.Root, name string, flag int) (*os.File, error) {
	f, err := root.OpenFile(name, flag|syscall.O_NONBLOCK, fileMode)
	if errors.Is(err, syscall.ENXIO) { // a pipe that nobody reads
		err = errIrregular
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() { // of a directory the first read says it
		err = errIrregular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// readWhole reads a file of the directory whole.
func readWhole(root *os.Root, name string) ([]byte, error) {
	f, err := openFile(root, name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxFile {
		return nil, fmt.Errorf("%d bytes: expected at most %d", info.Size(), maxFile)
	}
	return io.ReadAll(f)
}
