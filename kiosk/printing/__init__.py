"""Data -> PDF: fonts, the frame of an administrative page, figures, the day report. The only room that knows reportlab.

It decides nothing, counts nothing and prints nothing: who calls it hands over finished numbers and gets a file.
Paper is in Vietnamese whatever the window speaks: it is filed by the commune.
"""
