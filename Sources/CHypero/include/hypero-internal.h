/* What the C library keeps in C. Not installed. */
#ifndef HYPERO_INTERNAL_H
#define HYPERO_INTERNAL_H

/* Sets the text of hypero_error(): the first bytes of a UTF-8 text. */
void chypero_set_error(const char *message);

#endif
