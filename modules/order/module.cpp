namespace seamline::order {}
