# Run by Mailman's own Python, as Mailman's user, with the directory bin of an installation: messages in its queue shunt, which came from another
# installation, say where they were before. unshunt is to put them into the queue of that name here.
import os
import pickle
import sys

sys.path.insert(0, sys.argv[1])
__import__("paths")
mm_cfg = getattr(__import__("Mailman.mm_cfg"), "mm_cfg")  # noqa: B009

directory = mm_cfg.SHUNTQUEUE_DIR
for name in os.listdir(directory) if os.path.isdir(directory) else ():
    path = os.path.join(directory, name)
    with open(path, "rb") as handle:
        pickle.load(handle)
        message_ends = handle.tell()
        data = pickle.load(handle)
    queue = os.path.join(mm_cfg.QUEUE_DIR, os.path.basename(data.get("whichq", "")))
    if "whichq" in data and data["whichq"] != queue:
        with open(path, "rb") as handle:
            message = handle.read(message_ends)
        data["whichq"] = queue
        with open(path + ".tmp", "wb") as handle:
            handle.write(message)
            pickle.dump(data, handle, 1)
        os.rename(path + ".tmp", path)
        sys.stdout.write(name + "\n")
