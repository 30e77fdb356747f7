package network

import (
	"encoding/hex"

	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// expect makes the object what probes compare with; what it was before passes for a while. That holds over a restart and
// for a file that changed while the server was down: else all edges would fail that have not got the new object yet.
func (n *Network) expect(d *prober.Digest) {
	mem := n.mem
	mem.digests, mem.previous = map[string]state.Digest{}, nil
	if d == nil {
		mem.object = nil
	} else {
		now := n.now()
		mem.object = mem.object.Replace(*d, now)
		mem.digests[n.config.Object.File] = savedDigest(*d)
		for _, p := range mem.object.Passing(now) {
			saved := savedDigest(p.Digest)
			saved.Until = p.Until
			mem.previous = append(mem.previous, saved)
		}
	}
	n.prober.Expect(mem.object)
}

// restoreObject makes the object that was expected when the state was saved. Digests that cannot be read are left out.
func restoreObject(d state.Document, file string) *prober.Object {
	current, ok := loadDigest(d.Object[file])
	if !ok {
		return nil
	}
	var previous []prober.Previous
	for _, saved := range d.PreviousObjects {
		if digest, ok := loadDigest(saved); ok {
			previous = append(previous, prober.Previous{Digest: digest, Until: saved.Until})
		}
	}
	return prober.NewObject(current, previous...)
}

func savedDigest(d prober.Digest) state.Digest {
	return state.Digest{SHA256: hex.EncodeToString(d.Sum[:]), Size: d.Size}
}

func loadDigest(s state.Digest) (d prober.Digest, ok bool) {
	d.Size = s.Size
	sum, err := hex.DecodeString(s.SHA256)
	return d, err == nil && copy(d.Sum[:], sum) == len(d.Sum) && len(sum) == len(d.Sum)
}
