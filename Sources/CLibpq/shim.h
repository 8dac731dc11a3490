/* Debian has libpq's headers in a folder of their own, Red Hat and SUSE don't.
   No linker flag: CLibpqLoader loads the library when it is first needed. */
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif
