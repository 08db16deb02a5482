#ifndef CPAGE_H
#define CPAGE_H

/// The script of the page, terminated by a zero byte: the files of the folder script, one after the other.
const char *_Nonnull page_script(void);

/// The style sheet of the page, terminated by a zero byte: the files of the folder style.
const char *_Nonnull page_style(void);

#endif
