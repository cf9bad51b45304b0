package rangecache

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
)

// part is one chunk in use: on its way, or there. One who fills it calls begin,
// progress and end; many read it meanwhile.
type part struct {
	name  string // of its file
	size  int64
	users int // under the cache's lock; the last one closes file

	mu   sync.Mutex
	file *os.File
	have int64
	err  error
	more chan struct{} // closed when any of these changes
}

// begin gives a part the file that it is written to or lies in.
func (p *part) begin(f *os.File) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.file = f
}

// progress tells that the first n bytes are there.
func (p *part) progress(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.have = n
	close(p.more)
	p.more = make(chan struct{})
}

// end tells that no more bytes come.
func (p *part) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
	close(p.more)
	p.more = make(chan struct{})
}

// readAt reads what is there at off, and waits until something is. off is
// within the part.
func (p *part) readAt(ctx context.Context, b []byte, off int64) (int, error) {
	for {
		p.mu.Lock()
		file, have, err, more := p.file, p.have, p.err, p.more
		p.mu.Unlock()
		if off < have {
			n, err := file.ReadAt(b[:min(int64(len(b)), have-off)], off)
			if n > 0 || err == nil {
				return n, nil
			}
			return 0, errors.Join(errDisk, err, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return 0, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
