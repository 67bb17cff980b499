DROP VIEW
    bi.rejects,
    bi.loads,
    bi.runs,
    bi.accounts;
