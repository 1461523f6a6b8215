// Names that the instances of an app have in common: each is compared and copied where all of them wait for each other.

/** So many code units it may have. */
export const MAX_SHARED_NAME = 8192;
