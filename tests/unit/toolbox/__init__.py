"""The scripts that run inside containers, run here by real busybox binaries."""
