# SPDX-License-Identifier: MIT

# The lock-free protocols, each in a model that spin looks through as a whole.
TESTS += tests/model/models.sh
EXTRA_DIST += \
	tests/model/heaps.pml \
	tests/model/models.sh \
	tests/model/registry.pml \
	tests/model/remote.pml \
	tests/model/timer.pml
