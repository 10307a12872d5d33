"""The playground: a Bot API server and a chat page on loopback, standing in for Telegram.

Run: ``python -m local.playground --port 8765 --data data/playground``, then open http://127.0.0.1:8765/.
"""
