package web

import (
	"fmt"
	"time"

	"wheelhouse/internal/report"
)

// Loading is the progress of loads.
type Loading struct {
	Windows int           // windows due when the loads began
	Done    int           // how many of these are done
	Left    time.Duration // until all are done; 0: not known yet
}

// manyWindows is the number of windows above which the pages say that they are being loaded. A night of all streams has about 30.
const manyWindows = 60

// text says how far the loads are. It returns "" if few windows are due.
func (l Loading) text() string {
	if l.Windows < manyWindows || l.Done >= l.Windows {
		return ""
	}
	text := fmt.Sprintf("%d %% of %s windows are done", 100*l.Done/l.Windows, showCount(int64(l.Windows)))
	if l.Left > 0 {
		text += ", about " + report.Roughly(l.Left) + " left"
	}
	return text + ". The newest 28 days come first. Figures that include days not loaded yet are too small."
}
