# `make dist` builds what a release has: binaries, packages, checksums (packaging/dist).
# `make packaging-tests` installs, upgrades and removes the Debian package in throw-away systems (packaging/try-deb).

.PHONY: dist packaging-tests

dist:
	packaging/dist

packaging-tests: dist
	packaging/try-deb
