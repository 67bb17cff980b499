package check

import "testing"

func TestServersBefore14AreRefused(t *testing.T) {
	for number, want := range map[int]Status{90624: Fail, 130022: Fail, 140000: OK, 150018: OK, 180001: OK} {
		if got := supported("x", number); got.Status != want {
			t.Errorf("%d: %+v", number, got)
		}
	}
}
