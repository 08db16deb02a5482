#pragma once

#include <stdint.h>

/// Returns the number of allocations of the calling thread. Always 0 in a build with a sanitizer, which has its own allocator.
uint64_t allocation_count(void);

/// Returns the number of mutexes that the calling thread has locked, without the adaptive ones of hypero. Always 0 in a build with
/// a sanitizer.
uint64_t lock_count(void);
