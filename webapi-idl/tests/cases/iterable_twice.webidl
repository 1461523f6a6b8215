// Source: A Case
// Date: 2026-07-01

interface G { iterable<long, long>; iterable<long, long>; };
