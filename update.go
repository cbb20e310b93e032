package iad3d

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/iad3d/iad3d/rgbd"
)

// ErrUpdate is wrapped when a model cannot be updated as asked.
var ErrUpdate = errors.New("cannot update")

// Update returns the detector with more sound scans, and without those of the names
// in remove. d does not change.
//
// The banks have the rows that a fit of all scans in that order gives, when its first
// eight scans are the same and nothing is removed: which are kept depends on no other
// scan. They are rounded to the steps that the model has, and a network's rows of photos
// whitened as they are there. But for that and the features' weights, which stay as they
// are, scores with [Config].Trusting are within a hundredth of those of such a fit, with
// the weights within a few. Otherwise they are within a tenth: the scans that are added
// are trusted, whatever others have, for one may be there because a sound place was
// called abnormal, where a fit takes rows of theirs for odd, too, and fewer of the first
// ones. Rows that a full bank had let go do not come back when others are removed. What
// a scan comes to when it is held out is computed for the new ones and stays as it was for
// the old ones, which had fewer scans to be compared with: their scores, and so the
// thresholds, are rather too high than too low. The whitening, the window and the limits
// of valid captures stay as they are. When much has been added, fit again.
//
// A scan whose name the model has already is called "name-2".
//
// It is for rasters with the default protocol and MethodBank, fitted on at least two
// scans; others are refused with an error wrapping [ErrUpdate], as is a name that is not among the
// held-out scans of the calibration.
func (d *Detector) Update(ctx context.Context, add iter.Seq2[*rgbd.Scan, error], remove []string, opts ...Option) (*Detector, error) {
	o := gather(opts)
	switch {
	case d.finder == nil:
		return nil, fmt.Errorf("%w: only models of rasters with the default protocol grow; fit it again", ErrUpdate)
	case d.config.Method != MethodBank:
		return nil, fmt.Errorf("%w: models of the method %s do not grow; fit it again", ErrUpdate, d.config.Method)
	case d.calibration == nil:
		return nil, fmt.Errorf("%w: the model was fitted on a single scan; fit it again", ErrUpdate)
	}
	if err := d.config.wants(d.backbone); err != nil {
		return nil, err
	}
	u := &updating{fitting: fitting{Detector: *d, digest: sha256.New(), o: o, held: held{seed: d.config.Seed}}}
	u.closer = nil
	u.digest.Write([]byte(d.provenance.DataSHA256))
	u.calibration = d.Calibration()
	u.reopen()
	if err := u.remove(remove); err != nil {
		return nil, err
	}
	for s, err := range add {
		if err != nil {
			return nil, err
		}
		if err := u.show(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return u.close(ctx)
}

// updating is a fit that goes on.
type updating struct {
	fitting
	next  int // number of the next scan
	added int
}

// reopen gives the banks' rows back to learners.
func (u *updating) reopen() {
	var banks []*bankLearner
	for _, ch := range u.channels {
		b := ch.judge.(*bank)
		l := newBankLearner(&u.config, ch.feature)
		l.rows = *b.index.Table(0, b.index.N)
		l.origins = slices.Clone(b.origins)
		l.old, l.taught = b, b.taught
		banks = append(banks, l)
		for _, o := range b.origins {
			u.next = max(u.next, int(o.Scan)+1)
		}
	}
	u.learnBy(banks)
	for _, h := range u.calibration.Held {
		u.next = max(u.next, h.Scan+1)
	}
	u.next = max(u.next, u.provenance.Scans)
	for _, l := range banks {
		open(&l.taught, u.next)
	}
}

func (u *updating) remove(names []string) error {
	gone := map[int]bool{}
	c := u.calibration
	for _, name := range names {
		i := slices.IndexFunc(c.Held, func(h HeldOut) bool { return h.Name == name })
		if i < 0 {
			return fmt.Errorf("%w: the model has no scan %q", ErrUpdate, name)
		}
		gone[c.Held[i].Scan] = true
		c.Held = slices.Delete(c.Held, i, i+1)
		c.Suspects = slices.DeleteFunc(c.Suspects, func(s string) bool { return s == name })
		u.digest.Write([]byte("\x00without " + name))
	}
	for _, b := range u.banks {
		b.drop(gone)
	}
	u.provenance.Scans -= len(gone)
	return nil
}

// show describes a new scan and shows it to the learners.
func (u *updating) show(ctx context.Context, s *rgbd.Scan) error {
	desc, err := u.describe(ctx, s)
	if err != nil {
		return err
	}
	for i, rows := range desc.rows {
		u.learners[i].show(u.next, u.banks[i].old.whitened(&u.config, rows), desc.cells)
	}
	u.held.add(u.next, u.unique(s.Name), desc)
	hashScan(u.digest, s, u.config.has(FeatureRGB))
	u.next++
	u.added++
	u.o.progress(u.added)
	return nil
}

// unique returns the name, or with "-2" and so on after it where the model has one.
func (u *updating) unique(name string) string {
	free := name
	for k := 2; slices.ContainsFunc(u.calibration.Held, func(h HeldOut) bool { return h.Name == free }) ||
		slices.ContainsFunc(u.held.scans, func(h heldScan) bool { return h.name == free }); k++ {
		free = fmt.Sprintf("%s-%d", name, k)
	}
	return free
}

// close makes the banks again and calibrates what is new.
func (u *updating) close(ctx context.Context) (*Detector, error) {
	d := &u.Detector
	weights := make([]float64, len(d.channels))
	for i, ch := range d.channels {
		weights[i] = ch.weight
	}
	for _, b := range u.banks {
		b.thin()
		if b.rows.N == 0 || b.origins[0].Scan == b.origins[len(b.origins)-1].Scan {
			return nil, fmt.Errorf("%w: fewer than two scans would be left", ErrUpdate)
		}
		d.provenance.Rows += b.seen
	}
	if err := u.learn(ctx); err != nil {
		return nil, err
	}
	scores, err := u.held.sum(ctx, d, weights)
	if err != nil {
		return nil, err
	}
	c := d.calibration
	c.Held = append(c.Held, scores...)
	slices.SortFunc(c.Held, func(a, b HeldOut) int { return cmp.Compare(a.Scan, b.Scan) })
	c.Suspects = nil
	for _, i := range suspects(c.Held) {
		c.Suspects = append(c.Suspects, c.Held[i].Name)
	}
	d.provenance.Version, d.provenance.Scans = Version, d.provenance.Scans+u.added
	d.provenance.DataSHA256 = hex.EncodeToString(u.digest.Sum(nil))
	d.thresholds, err = d.ThresholdsAt(u.config.FalseAlarms)
	return d, err
}
