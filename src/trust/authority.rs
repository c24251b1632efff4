//! Who may do what: one table, and what does not stand in it is denied.

use crate::site::doc::{Class, Role};

/// How surely the person at the desk is the one who signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nobody is signed in, or the desk is locked.
    Locked,
    /// Signed in some time ago.
    SignedIn,
    /// The passphrase was given for this very command.
    Reentered,
}

/// Why someone may not. Its text is a sentence for that person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The role is not made for it.
    #[error("{} may not send a command of class {}: it takes {}", article(*.role), .class.label(), senders(*.class))]
    Role {
        /// Whose.
        role: Role,
        /// Which class of command.
        class: Class,
    },
    /// Nobody is signed in.
    #[error("nobody is signed in: sign in to send commands")]
    Locked,
    /// Signing in was too long ago for a command that reaches so far.
    #[error("a command of class {} takes the passphrase again", .class.label())]
    Reenter {
        /// Which class of command.
        class: Class,
    },
    /// The role may not approve.
    #[error("{} may not approve: it takes a supervisor", article(*.role))]
    Approver {
        /// Whose.
        role: Role,
    },
    /// The role may not isolate.
    #[error("{} may not isolate a twin: it takes a security officer, an engineer or a supervisor", article(*.role))]
    Isolator {
        /// Whose.
        role: Role,
    },
    /// Nobody is signed in, or the desk is locked.
    #[error("nobody is signed in: sign in to isolate a twin, or to release one")]
    NobodyIsolates,
    /// There is nothing to approve.
    #[error("a command of class {} needs no approval", .class.label())]
    NoApproval {
        /// Which class of command.
        class: Class,
    },
}

/// Whether someone may send a command of a class.
pub fn may_send(role: Role, class: Class, standing: Standing) -> Result<(), Denied> {
    let allowed = match role {
        Role::Operator => matches!(class, Class::C0 | Class::C1),
        Role::Engineer | Role::Supervisor => true,
        Role::Viewer | Role::Security | Role::Auditor => false,
    };
    match (standing, class) {
        _ if !allowed => Err(Denied::Role { role, class }),
        (Standing::Locked, _) => Err(Denied::Locked),
        (Standing::SignedIn, Class::C2 | Class::C3) => Err(Denied::Reenter { class }),
        (Standing::SignedIn, Class::C0 | Class::C1) | (Standing::Reentered, _) => Ok(()),
    }
}

/// Whether someone may approve another's command of a class. That it is another's is seen to where both are known.
pub fn may_approve(role: Role, class: Class) -> Result<(), Denied> {
    match (role, class) {
        (Role::Supervisor, Class::C3) => Ok(()),
        (_, Class::C0 | Class::C1 | Class::C2) => Err(Denied::NoApproval { class }),
        (_, Class::C3) => Err(Denied::Approver { role }),
    }
}

/// Whether someone may isolate a twin, and release it: less is relied on then, so whoever knows the plant or its keys may.
pub fn may_isolate(role: Role, standing: Standing) -> Result<(), Denied> {
    match (role, standing) {
        (Role::Viewer | Role::Operator | Role::Auditor, _) => Err(Denied::Isolator { role }),
        (Role::Engineer | Role::Supervisor | Role::Security, Standing::Locked) => Err(Denied::NobodyIsolates),
        (Role::Engineer | Role::Supervisor | Role::Security, Standing::SignedIn | Standing::Reentered) => Ok(()),
    }
}

fn article(role: Role) -> &'static str {
    match role {
        Role::Viewer => "a viewer",
        Role::Operator => "an operator",
        Role::Engineer => "an engineer",
        Role::Supervisor => "a supervisor",
        Role::Security => "a security officer",
        Role::Auditor => "an auditor",
    }
}

fn senders(class: Class) -> &'static str {
    match class {
        Class::C0 | Class::C1 => "an operator, an engineer or a supervisor",
        Class::C2 | Class::C3 => "an engineer or a supervisor",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDINGS: [Standing; 3] = [Standing::Locked, Standing::SignedIn, Standing::Reentered];

    #[test]
    fn who_may_do_what() {
        let mut table = String::new();
        let word = |it: Result<(), Denied>| match it {
            Ok(()) => "yes",
            Err(Denied::Role { .. } | Denied::Approver { .. } | Denied::Isolator { .. }) => "no",
            Err(Denied::Locked | Denied::NobodyIsolates) => "sign in",
            Err(Denied::Reenter { .. }) => "re-enter",
            Err(Denied::NoApproval { .. }) => "-",
        };
        for role in Role::ALL {
            for class in Class::ALL {
                let [locked, signed_in, reentered] = STANDINGS.map(|it| word(may_send(role, class, it)));
                let approve = word(may_approve(role, class));
                let (role, class) = (role.label(), class.label());
                table += &format!("{role:<10} {class}  {locked:<8} {signed_in:<9} {reentered:<9}  {approve}\n");
            }
        }
        let head = "role       class locked  signed in re-entered approve\n";
        insta::assert_snapshot!(format!("{head}{table}"), @r"
        role       class locked  signed in re-entered approve
        viewer     C0  no       no        no         -
        viewer     C1  no       no        no         -
        viewer     C2  no       no        no         -
        viewer     C3  no       no        no         no
        operator   C0  sign in  yes       yes        -
        operator   C1  sign in  yes       yes        -
        operator   C2  no       no        no         -
        operator   C3  no       no        no         no
        engineer   C0  sign in  yes       yes        -
        engineer   C1  sign in  yes       yes        -
        engineer   C2  sign in  re-enter  yes        -
        engineer   C3  sign in  re-enter  yes        no
        supervisor C0  sign in  yes       yes        -
        supervisor C1  sign in  yes       yes        -
        supervisor C2  sign in  re-enter  yes        -
        supervisor C3  sign in  re-enter  yes        yes
        security   C0  no       no        no         -
        security   C1  no       no        no         -
        security   C2  no       no        no         -
        security   C3  no       no        no         no
        auditor    C0  no       no        no         -
        auditor    C1  no       no        no         -
        auditor    C2  no       no        no         -
        auditor    C3  no       no        no         no
        ");
    }

    #[test]
    fn who_may_isolate_a_twin() {
        let mut table = String::new();
        for role in Role::ALL {
            let [locked, signed_in, _] = STANDINGS.map(|it| if may_isolate(role, it).is_ok() { "yes" } else { "no" });
            table += &format!("{:<10} {locked:<6} {signed_in}\n", role.label());
        }
        insta::assert_snapshot!(format!("role       locked signed in\n{table}"), @r"
        role       locked signed in
        viewer     no     no
        operator   no     no
        engineer   no     yes
        supervisor no     yes
        security   no     yes
        auditor    no     no
        ");
    }

    #[test]
    fn a_no_is_a_sentence_that_says_what_it_takes() {
        let texts: Vec<String> = [
            may_send(Role::Viewer, Class::C1, Standing::Reentered),
            may_send(Role::Operator, Class::C2, Standing::Reentered),
            may_send(Role::Operator, Class::C1, Standing::Locked),
            may_send(Role::Engineer, Class::C3, Standing::SignedIn),
            may_approve(Role::Engineer, Class::C3),
            may_approve(Role::Supervisor, Class::C1),
        ]
        .into_iter()
        .map(|it| it.unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        a viewer may not send a command of class C1: it takes an operator, an engineer or a supervisor
        an operator may not send a command of class C2: it takes an engineer or a supervisor
        nobody is signed in: sign in to send commands
        a command of class C3 takes the passphrase again
        an engineer may not approve: it takes a supervisor
        a command of class C1 needs no approval
        ");
    }
}
