package prober

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestObjectCompare(t *testing.T) {
	changed := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	object := expectBody("the old one").Replace(digestOf(objectBody), changed)
	for _, tc := range []struct {
		name   string
		object *Object
		body   string
		after  time.Duration // since the change
		want   Outcome
		err    string
	}{
		{name: "same", object: object, body: objectBody, want: OK},
		{name: "same, long after", object: object, body: objectBody, after: time.Hour, want: OK},
		{name: "previous", object: object, body: "the old one", after: PreviousPasses - 1, want: OK},
		{name: "previous, too late", object: object, body: "the old one", after: PreviousPasses, want: Size,
			err: "body is 11 bytes, expected 23"},
		{name: "as long as the previous", object: object, body: "the odd one", want: Checksum,
			err: "body has SHA-256 9fa5d8910cd1acea, expected 7d973b56293381ad"},
		{name: "other", object: object, body: "the edge is out of work", want: Checksum,
			err: "body has SHA-256 22b356805e4f26fb, expected 7d973b56293381ad"},
		{name: "short", object: object, body: objectBody[:22], want: Size, err: "body is 22 bytes, expected 23"},
		{name: "long", object: object, body: objectBody + "x", want: Size, err: "body is over 23 bytes, expected 23"},
		{name: "empty", object: object, body: "", want: Size, err: "body is 0 bytes, expected 23"},
		{name: "empty, nothing before", object: expectBody(objectBody), body: "", want: Size,
			err: "body is 0 bytes, expected 23"},
		{name: "anything", body: "whatever", want: OK},
		{name: "anything, empty", body: "", want: OK},
		{name: "anything, longest", body: strings.Repeat("x", 1<<20), want: OK},
		{name: "anything, too long", body: strings.Repeat("x", 1<<20+1), want: Size,
			err: "body is over 1048576 bytes, expected at most that"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.object.compare(digestOf(tc.body), changed.Add(tc.after))
			if got != tc.want {
				t.Errorf("outcome is %v, expected %v", got, tc.want)
			}
			if diff := cmp.Diff(tc.err, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestObjectReplaceKeepsTheSame(t *testing.T) {
	now := time.Now()
	o := expectBody("a").Replace(digestOf("b"), now)
	if again := o.Replace(digestOf("b"), now.Add(time.Hour)); again != o {
		t.Error("replacing by the same content made another object: the previous one would pass for longer")
	}
	var none *Object
	if got, _ := none.Replace(digestOf("a"), now).compare(digestOf(""), now); got != Size {
		t.Errorf("an empty body against the first object is %v, expected size", got)
	}
}

// What passes is the content now expected, or any before it while its time lasts, after any sequence of changes.
func TestObjectPassesOnlyWhatItExpects(t *testing.T) {
	contents := rapid.SampledFrom([]string{"a", "b", "cc", "ddd"})
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		last, until := contents.Draw(t, "first"), map[string]time.Time{}
		o := expectBody(last)
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			now = now.Add(rapid.Custom(func(t *rapid.T) time.Duration {
				return time.Duration(rapid.Int64Range(0, int64(2*PreviousPasses)).Draw(t, "ns"))
			}).Draw(t, "pause"))
			if next := contents.Draw(t, "next"); next != last {
				until[last] = now.Add(PreviousPasses)
				last = next
			}
			o = o.Replace(digestOf(last), now)
		}
		now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*PreviousPasses)).Draw(t, "later")))
		body := contents.Draw(t, "body")
		want := body == last || now.Before(until[body])
		if got, err := o.compare(digestOf(body), now); (got == OK) != want || (err == nil) != want {
			t.Fatalf("body %q is %v, %v; expected to pass: %v", body, got, err, want)
		}
	})
}

// After a change of the object an edge that still serves the previous one passes for ten minutes, and then fails.
func TestObjectChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{URL: mustURL("http://www.example.net/")})
		object := expectBody(objectBody)
		probe := func(body string) Outcome {
			p.dial = dialing(&scriptedConn{script: strings.NewReader(plain("200 OK", body))})
			return p.Probe(t.Context(), loopback).Outcome
		}
		const next = "the edge is in service still\n"
		p.Expect(object)
		if got := probe(next); got != Size {
			t.Errorf("the next object before the change is %v, expected size", got)
		}
		p.Expect(object.Replace(digestOf(next), time.Now()))
		for _, step := range []struct {
			wait time.Duration
			body string
			want Outcome
		}{
			{0, objectBody, OK}, {0, next, OK}, {PreviousPasses - time.Second, objectBody, OK},
			{time.Second, objectBody, Size}, {0, next, OK},
		} {
			wait(step.wait)
			if got := probe(step.body); got != step.want {
				t.Errorf("after %v more: %q is %v, expected %v", step.wait, step.body, got, step.want)
			}
		}
		p.Expect(nil)
		if got := probe("anything"); got != OK {
			t.Errorf("anything, without an object, is %v", got)
		}
	})
}

func TestReadObject(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int64, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if size > 0 {
			if err := os.Truncate(path, size); err != nil { // sparse: nothing is written
				t.Fatal(err)
			}
		}
		return path
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, path string
		want       Digest
		err        string // after the path
	}{
		{name: "object", path: write("object", 0, objectBody), want: digestOf(objectBody)},
		{name: "missing", path: filepath.Join(dir, "missing"), err: "no such file or directory"},
		{name: "empty", path: write("empty", 0, ""), err: "file is empty"},
		{name: "too large", path: write("large", 64<<20+1, ""), err: "file is 67108865 bytes, expected at most 67108864"},
		{name: "directory", path: dir, err: "not a regular file"},
		{name: "pipe without a writer", path: fifo, err: "not a regular file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ReadObject(tc.path)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("digest (-want +got):\n%s", diff)
			}
			want := ""
			if tc.err != "" {
				want = "reading object \"" + tc.path + "\": " + tc.err
			}
			if diff := cmp.Diff(want, text(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
