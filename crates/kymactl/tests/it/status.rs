//! `kymactl status` without a fleet to show.

use std::process::{Command, Output};

fn status(arguments: &[&str], kubeconfig: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kymactl"))
        .arg("status")
        .args(arguments)
        .env("KUBECONFIG", kubeconfig)
        .env_remove("KUBERNETES_SERVICE_HOST")
        .env_remove("KYMACTL_LOG")
        .output()
        .unwrap()
}

/// Standard error, which is one line.
fn line(output: &Output) -> String {
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn a_server_that_is_not_there_is_one_clear_line() {
    // A port that was free a moment ago: whoever takes it now is no API server.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: \"https://127.0.0.1:{port}\"}}}}]\n\
         users: [{{name: c, user: {{token: t}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: c}}}}]\n"
    );
    std::fs::write(&path, text).unwrap();
    for arguments in [&[][..], &["--watch"], &["-A", "-o", "json"]] {
        let output = status(arguments, path.to_str().unwrap());
        assert_eq!(output.status.code(), Some(1));
        let line = line(&output);
        assert!(
            line.starts_with(&format!(
                "error: the API server at https://127.0.0.1:{port}/ does not answer: "
            ))
        );
        assert!(line.contains("kymactl up"), "{line}");
    }
}

#[test]
fn no_kubeconfig_is_one_clear_line() {
    let output = status(&[], "there-is-no-such-file");
    assert_eq!(output.status.code(), Some(1));
    assert!(line(&output).starts_with("error: no cluster to talk to: "), "{output:?}");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [&["-o", "xml"][..], &["-A", "a-kyma"], &["--frequently"], &["--watch", "-o", "name"]] {
        let output = status(arguments, "there-is-no-such-file");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}
