/* The untar as Python sees it: an archive is pushed in, in pieces of any size, and a directory fills. */

struct cloche_untar;

struct cloche_untar_rules {
    uint64_t most_bytes;   /* of all files together, as long as they say they are: holes count */
    uint64_t most_entries; /* directories that nobody named included */
    int owners;            /* else everything belongs to whoever unpacks */
    int devices;           /* else device nodes are refused */
    int trusted;           /* opaque directories are marked for overlays of root's, too */
};

/* Makes one for an open directory, which stays the caller's; null if there is no memory. */
struct cloche_untar *cloche_untar_open(int directory, const struct cloche_untar_rules *rules);

/* 0 or -errno; EBADMSG is the archive's fault. After a failure nothing is done any more. */
int cloche_untar_feed(struct cloche_untar *untar, const unsigned char *data, size_t size);

/* Says that the archive has ended: it may have been cut. */
int cloche_untar_finish(struct cloche_untar *untar);

/* What went wrong, and the name of the entry as the archive has it; empty where there is none. */
const char *cloche_untar_reason(const struct cloche_untar *untar);
const char *cloche_untar_entry(const struct cloche_untar *untar);

/* The directories that were made because others were beneath them: paths, each ending in NUL; their size. */
size_t cloche_untar_implied(const struct cloche_untar *untar, const char **paths);

void cloche_untar_close(struct cloche_untar *untar);
