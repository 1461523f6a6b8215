interface A {};
