// Source: A Case
interface A {};
