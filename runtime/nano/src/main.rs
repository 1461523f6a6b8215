fn main(){ println!("{}", v8::V8::get_version()); }
