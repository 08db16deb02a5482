/* The client's messages for the package by ctypes: without code of Python, as in extension/notices.c, whose comment has the reason. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { SIZE = 1024 };

/* A hypero_notice: writes the message as one line to a descriptor, which the context is. */
void hypero_write_notice(const char *message, void *context) {
    char line[SIZE + 16];
    int length = snprintf(line, sizeof line, "hypero: %.*s\n", SIZE, message);
    /* A full socket loses the message, and nothing can be done about a closed standard error. */
    if (write((int)(intptr_t)context, line, (size_t)length) < 0) return;
}
