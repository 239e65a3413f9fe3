/*
 * The allocator, set up for a process that opens and closes encoders all
 * day. Once, before the first thread.
 */
#ifndef TC_MEMORY_H
#define TC_MEMORY_H


void tc_memory_init(void);


#endif /* TC_MEMORY_H */
