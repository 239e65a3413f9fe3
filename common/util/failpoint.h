/*
 * A place where a test kills the process: LP_FAILPOINT(name) is nothing
 * unless built with LP_FAILPOINTS; then LIVEPEER_FAILPOINT=name:N ends the
 * process with SIGKILL the N-th time it passes. threats.md 4.4.
 */
#ifndef LP_FAILPOINT_H
#define LP_FAILPOINT_H


#ifdef LP_FAILPOINTS

void lp_failpoint(const char *name);

#define LP_FAILPOINT(name)  lp_failpoint(name)

#else

#define LP_FAILPOINT(name)  do { } while (0)

#endif


#endif /* LP_FAILPOINT_H */
