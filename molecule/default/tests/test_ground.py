# throwaway proof of the ground
def test_up(list_host, send, sink, internet):
    assert list_host.run("systemctl is-system-running").stdout.strip() == "running"
    assert list_host.interface("eth0").addresses[0] == list_host.ip
    m = sink.mark()
    internet.ip = "127.0.0.1"
    d = send(internet, "a@example.org", "b@example.net", sender="x@example.com", data="Subject: é\n\n.dot\nbody\n")
    assert d.code == 250, d
    got = sink.wait(2, since=m)
    assert got[0].rcpt_tos == ["a@example.org", "b@example.net"] and "\n.dot" in got[0].message, got
    assert got[0].content["Subject"]
    d = send(internet, "reject-a@example.org", sender="")
    assert d.code == 550, d
