"""Pages for reporters without an app, an account or JavaScript; they know no rule of tips and keep nothing."""
