#pragma once

#include <stdint.h>

/// How often the thread has asked for memory so far. Built with a sanitizer, which has an allocator of its own, always 0.
uint64_t allocation_count(void);
