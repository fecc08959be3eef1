namespace seamline::user {}
