package state

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// digest identifies the bytes of a state.json.
type digest [sha256.Size]byte

// mend makes the directory fit to be written: it sets aside what we would otherwise write over without having read it,
// and opens the journals at the end of what is sound in them. known is the digest of the state.json that was read or
// written last. The notices say what was set aside; the error, that the disk does not allow it.
func (d *disk) mend(known digest, now time.Time) (notices []error, err error) {
	notices, err = d.mendState(known, now)
	if err != nil {
		return notices, err
	}
	for _, name := range []string{roundsName + rotated, roundsName} {
		x, notice, err := d.mendJournal(name, now)
		if notice != nil {
			notices = append(notices, notice)
		}
		if err != nil {
			return notices, fmt.Errorf("mending %q: %w", d.path(name), err)
		}
		if name == roundsName {
			if err := d.openRounds(x); err != nil {
				return notices, err
			}
		}
	}
	return notices, d.openChanges()
}

func (d *disk) mendState(known digest, now time.Time) (notices []error, err error) {
	for _, name := range []string{stateName, previousName} {
		data, err := readWhole(d.root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && sha256.Sum256(data) == known {
			break
		}
		label := "bad"
		if err == nil {
			if _, err = decodeDocument(data); err == nil || errors.Is(err, ErrFormat) {
				label = "unread"
			}
		}
		if label == "unread" && name == previousName {
			break
		}
		kept, err := d.asideName(name, label, now)
		if err == nil {
			err = d.root.Rename(name, kept)
		}
		if err != nil {
			return notices, fmt.Errorf("setting aside %q: %w", d.path(name), err)
		}
		notices = append(notices, fmt.Errorf("setting aside %q: %s, kept as %q", d.path(name), label, kept))
	}
	return notices, nil
}

// mendJournal cuts a journal after its last sound record. What follows is copied first, unless it is an unfinished line.
func (d *disk) mendJournal(name string, now time.Time) (x extent, notice, err error) {
	f, err := openFile(d.root, name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return x, nil, nil
	}
	if err != nil {
		return x, nil, err
	}
	defer f.Close()
	if x, err = measure(f); err != nil || x.rest == 0 {
		return x, nil, err
	}
	if !x.torn {
		kept, err := d.asideName(name, "bad", now)
		if err != nil {
			return x, nil, err
		}
		if err := d.copyRest(f, x.sound, kept); err != nil {
			_ = d.root.Remove(kept)
			return x, nil, fmt.Errorf("setting aside what follows byte %d: %w", x.sound, err)
		}
		notice = fmt.Errorf("reading %q: bad record at byte %d: %d bytes kept as %q", d.path(name), x.sound, x.rest, kept)
	}
	// Not synced: if the cut is lost it is made again, and no answer waits for a slow disk meanwhile.
	return x, notice, f.Truncate(x.sound)
}

func (d *disk) copyRest(f *os.File, from int64, name string) error {
	to, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, io.NewSectionReader(f, from, 1<<62))
	if err == nil {
		err = to.Sync()
	}
	return errors.Join(err, to.Close())
}

// asideName returns a free name that says what a file is and since when.
func (d *disk) asideName(name, label string, now time.Time) (string, error) {
	dated := fmt.Sprintf("%s.%s-%s", name, label, now.UTC().Format("20060102T150405"))
	free := dated
	for n := 2; ; n++ {
		_, err := d.root.Lstat(free)
		if errors.Is(err, fs.ErrNotExist) {
			return free, nil
		}
		if err != nil {
			return "", err
		}
		free = fmt.Sprintf("%s-%d", dated, n)
	}
}

func (d *disk) openRounds(x extent) error {
	a, err := openAppender(d.root, roundsName, x.sound, x.samples)
	if err != nil {
		return fmt.Errorf("opening %q: %w", d.path(roundsName), err)
	}
	d.rounds = a
	return nil
}

// reopenRounds goes on with what is now under the name of the journal.
func (d *disk) reopenRounds(now time.Time) (notice, err error) {
	d.rounds.f.Close()
	x, notice, err := d.mendJournal(roundsName, now)
	if err == nil {
		err = d.openRounds(x)
	}
	return notice, err
}

// openChanges opens changes.jsonl. An unfinished last line is ended, so that the next line is one of its own.
func (d *disk) openChanges() error {
	data, err := readWhole(d.root, changesName)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	var a *appender
	if err == nil {
		a, err = openAppender(d.root, changesName, int64(len(data)), bytes.Count(data, []byte{'\n'}))
	}
	if err == nil && len(data) > 0 && data[len(data)-1] != '\n' {
		if err = a.append([]byte{'\n'}, 1); err != nil {
			a.f.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("opening %q: %w", d.path(changesName), err)
	}
	d.changes = a
	return nil
}
