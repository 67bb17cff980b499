package web

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// Text and the edges of input fields have the contrast of WCAG 1.4.3 and 1.4.11, in light and dark mode.
func TestContrastIsSufficient(t *testing.T) {
	t.Parallel()
	edge := regexp.MustCompile(`input, select \{[^}]*border-color: var\(--([\w-]+)\)`).FindSubmatch(style)
	if edge == nil {
		t.Fatal("input fields have no edge colour")
	}
	lights := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllSubmatch(style, 2)
	if len(lights) != 2 {
		t.Fatalf("%d colour schemes", len(lights))
	}
	for i, light := range lights {
		colours := map[string]float64{}
		for _, c := range regexp.MustCompile(`--([\w-]+): #([0-9a-f]{6})`).FindAllSubmatch(light[1], -1) {
			colours[string(c[1])] = luminance(t, string(c[2]))
		}
		for on, texts := range map[string]map[string]float64{
			"paper": {"ink": 4.5, "soft": 4.5, "accent": 4.5, string(edge[1]): 3},
			"card":  {"ink": 4.5, "soft": 4.5, "accent": 4.5, "warn": 4.5, "bad": 4.5, string(edge[1]): 3, "second": 3},
			"faint": {"ink": 4.5, "soft": 4.5, "accent": 4.5}, "accent-soft": {"accent": 4.5},
		} {
			for text, least := range texts {
				a, b := colours[text], colours[on]
				if got := (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05); got < least {
					t.Errorf("scheme %d: %s on %s has a contrast of %.2f", i, text, on, got)
				}
			}
		}
	}
}

// luminance is the relative luminance of WCAG, of a colour given as six hexadecimal digits.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(c uint64) float64 {
		x := float64(c&255) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}
