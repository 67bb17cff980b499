-- Rights in this database go. A role goes only when nobody would miss it: roles belong to the whole cluster, another
-- database may use them, and a person may be a member.
SELECT wheelhouse.revoke_roles();

DROP FUNCTION wheelhouse.revoke_roles();
DROP FUNCTION wheelhouse.grant_roles();
DROP FUNCTION wheelhouse.missing_roles_sql();
DROP FUNCTION wheelhouse.role_grants(text);
