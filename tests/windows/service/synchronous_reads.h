/* A read or write without OVERLAPPED on a handle that is overlapped fails, as Windows has it. */
#ifndef SYNCHRONOUS_READS_H
#define SYNCHRONOUS_READS_H

void refuse_synchronous_reads(void); /* in all modules that are loaded by now; repeatable */

#endif
