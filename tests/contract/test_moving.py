# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbook move_domain.yml relies on when it takes messages in queues to another installation."""

from conftest import PREFIX, message

READ = """
import cPickle, glob
(path,) = glob.glob(mm_cfg.QUEUE_DIR + '/%s/*.pck')
with open(path) as stream:
    text, data = cPickle.load(stream), cPickle.load(stream)
"""


def test_shunted_message_names_the_list_and_goes_to_the_queue_that_it_names(mailman):
    mailman.newlist("shunted")
    mailman.clear_mail()
    mailman.wrapper("post shunted", message("shunted"))
    assert mailman.python(READ % "in" + "result(data['listname'])") == "shunted"
    mailman.python(
        READ % "in" + "data['whichq'] = mm_cfg.BOUNCEQUEUE_DIR\n"
        "with open(path.replace('/in/', '/shunt/'), 'w') as stream:\n    cPickle.dump(text, stream, 1)\n    cPickle.dump(data, stream, 1)\n"
        "os.unlink(path)\nresult(None)"
    )
    mailman.tool("unshunt")
    assert mailman.python(READ % "bounces" + "result(data['listname'])") == "shunted"
    mailman.run(f"rm {PREFIX}/qfiles/bounces/*.pck")
