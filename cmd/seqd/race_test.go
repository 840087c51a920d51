//go:build race

package main

// Under the race detector pools lose things now and then, so that they are made anew.
const poolsLose = true
