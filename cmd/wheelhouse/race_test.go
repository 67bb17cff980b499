//go:build race

package main

// raceDetector tells whether the tests are built with the race detector.
const raceDetector = true
