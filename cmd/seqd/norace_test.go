//go:build !race

package main

const poolsLose = false
