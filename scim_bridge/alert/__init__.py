"""Tells people outside of the pages what needs them: mail, chat, webhooks."""
