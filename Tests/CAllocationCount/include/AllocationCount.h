#pragma once

#include <stdint.h>

/// Returns the number of allocations of the calling thread. Always 0 in a build with a sanitizer, which has its own allocator.
uint64_t allocation_count(void);
