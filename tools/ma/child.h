/* SPDX-License-Identifier: MIT */
/*
 * child.h - a program that is ma's child, since ma has something to do when it has ended. ma then ends as it did.
 */
#ifndef MA_CHILD_H
#define MA_CHILD_H

/* Runs `execute(path, argv)` in a child, and returns how it ended, as waitpid(2) tells it. Signals from the terminal
 * reach both, and are the child's business; what is sent to ma alone is handed on to it. When it has ended, ma's
 * signals are what they were, but wait until child_forget(). */
int child_run(int (*execute)(const char *path, char **argv), const char *path, char **argv);

/* From now on a signal may end ma: what the child has left for it is taken, and removed. */
void child_forget(void);

/* Ends by the signal that the child ended by; returns its exit status if it had one. */
int child_end_as(int status);

#endif /* MA_CHILD_H */
