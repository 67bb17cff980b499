//go:build !race

package main

// raceDetector is whether the tests are built with the race detector.
const raceDetector = false
