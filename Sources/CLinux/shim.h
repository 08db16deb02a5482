#pragma once

#include <linux/falloc.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/types.h>

// <fcntl.h> declares it only with _GNU_SOURCE, which Swift's Glibc module is built without.
int fallocate(int descriptor, int mode, off_t offset, off_t length);
