/*
 * version: of assentd and assent.
 */
#ifndef VERSION_H
#define VERSION_H

#define ASSENT_VERSION "0.1.0"

#endif
