package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/iad3d/iad3d/inspection"
)

// Case is one scan of a JUnit file: an inspection, or the error that there was
// instead.
type Case struct {
	Source string // the scan's file
	*inspection.Inspection
	Err  error
	Took time.Duration
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string    `xml:"name,attr"`
	Class   string    `xml:"classname,attr"`
	Time    string    `xml:"time,attr"`
	Failure *junitWhy `xml:"failure"`
	Error   *junitWhy `xml:"error"`
	Skipped *junitWhy `xml:"skipped"`
	Out     string    `xml:"system-out,omitempty"`
}

type junitWhy struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a batch as the XML that test stands and build servers read: a test
// suite with a case per scan. A scan that fails is a failure, with its regions in
// words; an invalid capture and a scan that could not be scored are errors; one
// without a verdict is skipped.
func JUnit(w io.Writer, suite string, cases []Case) error {
	s := junitSuite{Name: clean(suite), Tests: len(cases)}
	var total time.Duration
	for _, c := range cases {
		total += c.Took
		j := junitCase{Name: clean(c.Source), Class: clean(suite), Time: seconds(c.Took)}
		switch {
		case c.Inspection == nil:
			why := "not scored"
			if c.Err != nil {
				why = c.Err.Error()
			}
			j.Error = &junitWhy{Type: "unusable", Message: clean(why)}
		case c.Verdict == inspection.Fail:
			j.Failure = &junitWhy{Type: "anomaly", Message: clean(c.Why), Text: clean(regionText(c.Inspection))}
		case c.Verdict == inspection.Invalid:
			j.Error = &junitWhy{Type: "invalid capture", Message: clean(c.Why)}
		case c.Verdict == inspection.Unjudged:
			j.Skipped = &junitWhy{Message: "no threshold"}
		default:
			j.Out = clean(c.Why)
		}
		switch {
		case j.Failure != nil:
			s.Failures++
		case j.Error != nil:
			s.Errors++
		case j.Skipped != nil:
			s.Skipped++
		}
		s.Cases = append(s.Cases, j)
	}
	s.Time = seconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return wrote(err, "the JUnit file")
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	err := e.Encode(s)
	if err == nil {
		_, err = io.WriteString(w, "\n")
	}
	return wrote(err, "the JUnit file")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// regionText lists regions for people.
func regionText(n *inspection.Inspection) string {
	var b strings.Builder
	for _, r := range n.Regions() {
		fmt.Fprintf(&b, "region %d: %.3g mm² at (%.2f, %.2f, %.2f) mm", r.ID, r.Area, r.Centroid[0], r.Centroid[1], r.Centroid[2])
		if r.Height != nil {
			fmt.Fprintf(&b, ", height %+.2f mm", r.Height.Height)
		}
		fmt.Fprintf(&b, ", highest score %.4g\n", r.Peak.Value)
	}
	return b.String()
}

// clean replaces what XML 1.0 has no way to hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, s)
}
